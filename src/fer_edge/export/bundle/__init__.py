"""Everything that is written into a bundle: contracts, card, code to paste, staging, an Android module."""
