"""Recipes: small typed files of choices, one each, listed in `RECIPES`."""
