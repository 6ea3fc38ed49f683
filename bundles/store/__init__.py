"""The store: bundles that were checked, by their digests, kept on this machine for whoever serves them."""
