"""Make a small store of today's techner, which later versions must read: `python -m tests.data.make_store`.

It has an origin, a promoted night, and a rejected night that holds a batch; `tests/test_earlier_stores.py`
works on copies of it. Make one when a document's format has changed, under the name of the version that
changed it; the older ones stay.
"""

import gzip
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from thinc.api import fix_random_seed

from techner import __version__
from techner.core.policy import TrainingPolicy
from techner.operate.initialise import initialise
from techner.starter import slot_examples
from techner.store import FolderStore
from techner.uptraining.gold import gold
from techner.uptraining.loop import Material, train
from tests.world import POLICIES, WHEN, World, quick, strict, tech_batch

HERE = Path(__file__).parent / "stores"
TINY = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 24,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}
NER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 24,
    "maxout_pieces": 2,
    "use_upper": True,
    "nO": None,
    "tok2vec": TINY,
}


def make_store(root: Path, cache: Path) -> None:
    """Run `init` on a tiny base model and two nights."""
    world = World(FolderStore(root), cache)
    cache.mkdir()
    train_tiny(cache / "base")
    initialise(
        world.store,
        cache / "base",
        base="tiny",
        gold=slot_examples("general", 120, seed=2),
        silver_texts=(),
        holdout=(),
        who="test",
        when=WHEN,
    )
    policies = quick(replace(POLICIES, corpus=replace(POLICIES.corpus, rehearsal_texts=60)))
    learning = replace(policies.training, epochs=6, batch_words=100, learning_rate=0.01)
    world.deliver("monday.jsonl", tech_batch(0, 120))
    if not world.night("monday", replace(policies, training=learning)):
        raise SystemExit("the first night was rejected")
    world.deliver("tuesday.jsonl", tech_batch(120, 160))
    if world.night("tuesday", strict(policies)):
        raise SystemExit("the second night was promoted")


def train_tiny(folder: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("ner", config={"model": NER})
    examples = slot_examples("general", 250, seed=1)
    egs = gold(nlp, examples, frozenset(span.label for example in examples for span in example.spans))
    fix_random_seed(0)
    nlp.initialize(lambda: egs)
    policy = TrainingPolicy(epochs=12, batch_words=100, learning_rate=0.01, word_dropout=0.0)
    for _ in train(nlp, "ner", Material(new=egs), policy):
        pass
    nlp.to_disk(folder)


def pack(root: Path, archive: Path) -> None:
    """Pack a folder so that the same files give the same bytes."""
    archive.parent.mkdir(exist_ok=True)
    with gzip.GzipFile(archive, "wb", mtime=0) as into, tarfile.open(fileobj=into, mode="w") as tar:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(path.relative_to(root).as_posix())
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                tar.addfile(entry, file)


if __name__ == "__main__":
    archive = HERE / f"{sys.argv[1] if len(sys.argv) > 1 else __version__}.tar.gz"
    if archive.exists():
        sys.exit(f"{archive} is there: it stays as it is; give another name")
    with TemporaryDirectory() as folder:
        make_store(Path(folder, "store"), Path(folder, "cache"))
        pack(Path(folder, "store"), archive)
    print(archive, archive.stat().st_size, "bytes")  # noqa: T201 - what was made
