"""Storage: the bytes of a bundle, in an archive or a folder, written at once and checked before they are read."""
