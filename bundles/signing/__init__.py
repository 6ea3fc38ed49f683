"""Signing: who stands for a bundle, offline and with plain keys, and which bundles are good enough to be served."""
