"""Parts of the study ``supported_networks``."""
