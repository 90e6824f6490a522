#!/usr/bin/env bash
# Everything that needs an NVIDIA GPU: tests, compute-sanitizer where it is installed, benchmarks. EVENTS: compared for
# each network. bxnn must be installed or on PYTHONPATH, with libbxnn_cuda.so.
set -euo pipefail
cd "$(dirname "$0")/.."
python -c 'import sys; from bxnn import cuda; found = cuda.devices(); print(found); sys.exit(not found)'
pytest -q tests/cuda
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck initcheck synccheck; do
    compute-sanitizer --tool $tool --error-exitcode 1 python -m benchmarks.cuda --models A A8 Af B C D encoder \
      --events 2000 --batches 1000 --rounds 1 --out "${TMPDIR:-/tmp}/bxnn-sanitizer-$tool"
  done
fi
python -m benchmarks.cuda --events "${EVENTS:-1e7}"
