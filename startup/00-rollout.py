"""Start-up file of the IPython profile "rollout": puts `rollout` at the prompt."""

from IPython import get_ipython

get_ipython().run_line_magic("load_ext", "rollout_console")
