"""The page: one HTML file that trains in the browser, how it is filled, and the loopback server that shows it."""
