#!/bin/sh
# Makes (once) an environment with the libraries that only some components need, and prints its path:
#   scripts/extras_env rebake    what scripts/environment --dev makes, and rebake's extras jieba, spacy, transformers
#   scripts/extras_env rasa      what scripts/rasa_env makes, and these libraries as Rasa 3.6.21 wants them
# They are laid over those two environments (REBAKE_VENV and REBAKE_RASA_ENV name their places), which stay as they are.
# REBAKE_EXTRAS names another place than .cache/extras (-rebake or -rasa is added). To make one anew, remove it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case ${1:-} in
  rebake)
    below=$("$here/scripts/environment" --dev)
    # PyTorch from its own place would bring CUDA's libraries; REBAKE_TORCH names another build.
    wanted="jieba>=0.42.1,<0.43 spacy>=3.8,<4 sentencepiece>=0.2 transformers>=5,<6 ${REBAKE_TORCH:-torch}"
    ;;
  rasa)
    below=$("$here/scripts/rasa_env")
    wanted="jieba==0.42.1 spacy==3.7.5 sentencepiece<0.2 transformers==4.36.2 pydantic==1.10.9 numpy==1.23.5 setuptools==70.3.0"
    ;;
  *)
    echo "usage: scripts/extras_env rebake|rasa" >&2
    exit 64
    ;;
esac
place=${REBAKE_EXTRAS:-$here/.cache/extras}-$1
stamp="$place/installed"
if [ "$(cat "$stamp" 2>/dev/null)" != "$below $wanted" ]; then
  rm -rf "$place"
  "$below/bin/python" -m venv "$place" >&2
  packages=$("$place/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  "$below/bin/python" -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
    > "$packages/below.pth"
  # shellcheck disable=SC2086
  "$place/bin/python" -m pip install -qq --disable-pip-version-check $wanted >&2
  echo "$below $wanted" > "$stamp"
fi
echo "$place"
