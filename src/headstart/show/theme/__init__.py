"""Colours, scales, titles and grids that all charts share."""
