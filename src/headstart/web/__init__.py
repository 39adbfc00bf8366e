"""The lab's page: what it trains with, what it shows, and how it is served."""
