"""`python -m rollout_console` is `rollout-console`."""

from rollout_console.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
