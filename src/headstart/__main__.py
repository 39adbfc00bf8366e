"""`python -m headstart` is `headstart`."""

if __name__ == "__main__":
    from headstart.cli.main import run

    run()
