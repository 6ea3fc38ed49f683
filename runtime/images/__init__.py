"""Images: bundles and the runtime as one thing that a container engine runs, for a registry or for a site without one."""
