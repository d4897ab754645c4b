"""Many tracking jobs at once: on the cores of this computer, or on the workers of a cluster."""
