"""Notebooks: executed anew in a fresh kernel, without what differs between two runs.

PYTHONPATH=src:tests python -m support.notebook examples/first_steps.ipynb     writes it again, with new outputs
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path):
    """The notebook with the outputs of a run in its own folder, clean: no times, no machine, one form of each picture."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/jpeg", None)
    notebook.metadata = METADATA
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:]:
        nbformat.write(execute(Path(name)), name)
