"""Start training from model files instead of from chance.

Each normalisation that export folded away is unfolded again: it gets the statistics that its input
has over some training faces, and a gain and an offset that cancel them. In evaluation the network
then does just what the model file does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from danpredict.model_file import Model
from danpredict.network import DeepAlignmentNetwork
from danpredict.onnx_weights import Norm, take_over


def unfold(norm: Norm, offset: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Have a normalisation take statistics from its next input, and then do nothing but offset."""

    def hook(module: nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + offset)

    return norm.register_forward_pre_hook(hook)


@torch.no_grad()
def warm_start(
    network: DeepAlignmentNetwork, models: Sequence[Model], images: Tensor, transform: Tensor
) -> None:
    """Take over a model file's weights, of several their mean; layers of another shape keep theirs.

    The mean makes sense where one model was trained from the other: it can be better than either
    (Wortsman et al., "Model soups", ICML 2022).

    Parameters
    ----------
    network : of the same stages, levels and input size; perhaps of other landmarks
    images, transform : training faces to take statistics from; see `DeepAlignmentNetwork.forward`

    Raises
    ------
    ValueError
        A model has other stages or layers, or another mean shape than the first.
    """
    states = []
    for model in models:
        if not np.array_equal(model.mean_shape, models[0].mean_shape):
            raise ValueError("expected models of one mean shape to take the mean of, got others")
        _take_over(network, model, images, transform)
        states.append({name: value.clone() for name, value in network.state_dict().items()})
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    network.load_state_dict(mean)


def _take_over(
    network: DeepAlignmentNetwork, model: Model, images: Tensor, transform: Tensor
) -> None:
    if model.input_size != network.config.input_size or len(model.graphs) != len(network.stages):
        raise ValueError(
            f"expected a model of {len(network.stages)} stages on {network.config.input_size} "
            f"pixels to start from, got {len(model.graphs)} on {model.input_size}"
        )
    network.eval()
    hooks = []
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        hooks += [unfold(norm, offset) for norm, offset in take_over(stage, graph)]
    network(images, transform)
    for hook in hooks:
        hook.remove()
