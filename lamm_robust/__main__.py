"""``python -m lamm_robust``: the command line, where its script is not on the path."""

from lamm_robust.cli.main import main

main(prog_name="lamm-robust")
