"""The plugin: scorecards as Lading bundles."""
