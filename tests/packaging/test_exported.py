"""What is public: a name that appears or vanishes here is a decision, not a guess."""

import importlib

import pytest

PUBLIC = {
    "techner.cli": ["main"],
    "techner.client": ["Entity", "Live", "ModelStore", "Served"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_exports_these_names_and_no_others(module: str) -> None:
    found = importlib.import_module(module)
    assert sorted(found.__all__) == PUBLIC[module]
    assert all(hasattr(found, name) for name in found.__all__)
