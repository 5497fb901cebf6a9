# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.optim import OptimWrapper

from vitpose_mm.engine.hooks.resumed_optimizer import (check_groups,
                                                       check_resumed)


def trained(size: int, optimizer: type) -> tuple:
    """A model after one step."""
    model = torch.nn.Linear(size, 3)
    wrapper = OptimWrapper(optimizer(model.parameters(), lr=0.1, **(
        dict(momentum=0.9) if optimizer is torch.optim.SGD else {})))
    wrapper.update_params(model(torch.ones(2, size)).sum())
    return model, wrapper


@pytest.mark.parametrize('optimizer', [torch.optim.AdamW, torch.optim.SGD])
def test_optimiser_of_another_size_is_refused(optimizer):
    old, new = trained(4, optimizer), trained(6, optimizer)
    new[1].load_state_dict(old[1].state_dict())

    with pytest.raises(ValueError, match=r'weight has the shape \(3, 6\) in '
                       r'this config, but \(3, 4\) in the optimiser.*'
                       'load_from=CHECKPOINT'):
        check_resumed(*new)
    with pytest.raises(RuntimeError):  # as it would have ended
        new[1].update_params(new[0](torch.ones(2, 6)).sum())


@pytest.mark.parametrize('optimizer', [torch.optim.AdamW, torch.optim.SGD])
def test_optimiser_of_the_same_size_goes_on(optimizer):
    old, new = trained(4, optimizer), trained(4, optimizer)
    new[1].load_state_dict(old[1].state_dict())

    check_resumed(*new)


def test_optimiser_of_other_parts_is_refused():
    (_, old), (model, _) = (trained(4, torch.optim.AdamW) for _ in range(2))
    model.bias.requires_grad_(False)
    new = OptimWrapper(torch.optim.AdamW([model.weight]))

    with pytest.raises(ValueError, match='checkpoint has 2 parameters in 1 '
                       'groups, that of this config 1 in 1.*load_from=CHECK'):
        check_groups(old.state_dict(), new)
    with pytest.raises(ValueError):  # as it would have ended
        new.load_state_dict(old.state_dict())


@pytest.mark.parametrize('kinds', [
    (torch.optim.AdamW, torch.optim.SGD), (torch.optim.SGD, torch.optim.Adam)])
def test_state_of_another_optimiser_is_refused(kinds):
    (_, old), (model, new) = (trained(4, kind) for kind in kinds)

    with pytest.raises(ValueError, match=f'than {kinds[1].__name__} .betas, '
                       'momentum'):
        check_groups(old.state_dict(), new)
    with pytest.raises(KeyError):  # as it would have ended
        new.load_state_dict(old.state_dict())
        new.update_params(model(torch.ones(2, 4)).sum())


def test_state_of_the_same_parts_is_taken():
    for kind in torch.optim.AdamW, torch.optim.SGD:
        check_groups(trained(4, kind)[1].state_dict(), trained(4, kind)[1])
