"""Writes and explains client configurations."""
