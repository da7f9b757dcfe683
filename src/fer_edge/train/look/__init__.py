"""``fer-train look``: what a data set holds, before anything is learned from it."""
