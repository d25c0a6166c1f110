#!/usr/bin/env bash
# Makes the Python environment of the peers onnxruntime-genai and openvino-genai, and the models in their own forms of
# the one in MODELS/llama-0.5b. What is there already is left as it is.
#
#   bench/decode/genai_env.sh FOLDER REFERENCE_PYTHON MODELS
#
# The builder of onnxruntime-genai 0.18 needs a later transformers than the reference has; that of 0.9.2 does not, and
# makes the same model.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1 reference=$2 model=$3/llama-0.5b

if ! [ -e "$folder/complete" ]; then
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check onnxruntime-genai==0.18.0 openvino-genai==2026.4.1.0 \
        transformers==4.55.4
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$folder/builder" \
        onnxruntime-genai==0.9.2 onnx_ir==0.1.9 ml_dtypes
    touch "$folder/complete"
fi

# Both want a tokenizer beside the model, whatever it says.
cp "$root"/tests/data/parity/models/llama-chat/tokenizer*.json "$model/" 2>/dev/null ||
    cp "$root"/../shared/parity/models/llama-chat/tokenizer*.json "$model/"
if ! [ -e "$model/genai/genai_config.json" ]; then
    PYTHONPATH=$folder/builder "$reference" -m onnxruntime_genai.models.builder -i "$model" -o "$model/genai" -p fp32 \
        -e cpu -c "$folder/cache" >&2
    cp "$model/config.json" "$model/genai/"
fi
if ! [ -e "$model/openvino/openvino_tokenizer.xml" ]; then
    "$folder/bin/python" "$root/tools/golden/stateful_ir.py" "$model/onnx/model.onnx" \
        "$model/openvino/openvino_model.xml"
    "$folder/bin/python" - "$model" <<'PYTHON'
import shutil
import sys

import openvino
from openvino_tokenizers import convert_tokenizer
from transformers import AutoTokenizer

model = sys.argv[1]
tokenizer, detokenizer = convert_tokenizer(AutoTokenizer.from_pretrained(model), with_detokenizer=True)
openvino.save_model(tokenizer, f"{model}/openvino/openvino_tokenizer.xml")
openvino.save_model(detokenizer, f"{model}/openvino/openvino_detokenizer.xml")
for name in ("config.json", "generation_config.json"):
    shutil.copy(f"{model}/{name}", f"{model}/openvino/")
PYTHON
fi
