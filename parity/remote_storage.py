"""A model that the action puts into a bucket is found there by an unmodified Rasa, and answers as it does here.

    python -m parity remote_storage

The bucket is one of moto's server on loopback. The model of examples/cafe, with a pipeline that trains in a moment, is
uploaded as the action's input `remote-storage` does it. Rasa's own persistor for AWS fetches it by its file name, as
`rasa run --remote-storage aws --model NAME` does, and parses texts: confidences within 1e-4, everything else equal.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from parity.archives import rebake
from parity.compare import compare_parses
from parity.paths import CAFE
from parity.rasa import ask_at_once
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake.model import load_model
from rebake.store.remote_storage import open_remote_storage

BUCKET = "models-of-rasa"
MODEL = "cafe-v1.4.0.tar.gz"
TEXTS = ("hello", "a large coffee, please", "how late is it?", "bye")
CONFIG = """\
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: LogisticRegressionClassifier
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
"""


def add_options(parser: ArgumentParser) -> None:
    add_keep(parser)


def run(given: Namespace) -> int:
    """Return how many differences there are."""
    with working_directory(given.keep, "remote-storage") as work, bucket() as variables:
        model = trained(work)
        published(model, variables)
        [answer] = ask_at_once("remote_storage", [{"model": MODEL, "texts": TEXTS, "work": str(work)}], work, variables)
        with load_model(str(model)) as loaded:
            ours = [dict(loaded.parse(text)) for text in TEXTS]
    return report(f"{len(TEXTS)} texts", compare_parses(list(TEXTS), answer["parses"], ours))


def trained(work: Path) -> Path:
    config = work / "config.yml"
    config.write_text(CONFIG, encoding="utf-8")
    files = ("--config", config, "--domain", CAFE / "domain.yml", "--data", CAFE / "data")
    done = rebake("train", *files, "--out", work / "models", "--fixed-model-name", MODEL)
    if done.returncode:
        raise SystemExit(f"rebake train failed with exit code {done.returncode}:\n{done.stderr}")
    return work / "models" / MODEL


def published(model: Path, variables: Mapping[str, str]) -> None:
    """Upload it as the action does for a tag."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        store = open_remote_storage(f"s3://{BUCKET}")
        store.upload(model, model.name, replace=True)
        store.finish()
        store.close()
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def bucket() -> Iterator[dict[str, str]]:
    """Serve an empty bucket; the variables by which every client finds it, Rasa's own included."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "an-access-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret-access-key",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BUCKET_NAME": BUCKET,
    }
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_DEFAULT_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": variables["AWS_DEFAULT_REGION"]}
        )
        yield variables
    finally:
        server.stop()
