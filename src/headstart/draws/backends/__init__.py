"""One module per way to make the numbers of a draw; all give the same bits."""
