"""The Python package as `optimum_peer.py` runs optimum: the same modes, the same program but for the import.

  python_peer.py start  MODEL_DIR SENTENCE ACCELERATOR
  python_peer.py single MODEL_DIR TEXT_FILE ACCELERATOR
"""

import json
import sys

from optimum_peer import read_lines, serve_turns


def main() -> None:
    from accelpipe import pipeline

    mode, model, text, accelerator = sys.argv[1:5]
    pipe = pipeline("text-classification", model=model, accelerator=accelerator)
    if mode == "start":
        print(json.dumps(pipe(text)))
    else:
        sentence = read_lines(text)[0]
        serve_turns(lambda: pipe(sentence))


if __name__ == "__main__":
    main()
