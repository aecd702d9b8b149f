"""Start training from a model file instead of from chance.

Each normalisation that export folded away is unfolded again: it gets the statistics that its input
has over some training faces, and a gain and an offset that cancel them. In evaluation the network
then does just what the model file does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from danpredict.model.backbones import Norm
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.onnx_to_torch import copy_weights


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
    network: DeepAlignmentNetwork, model: Model, images: Tensor, transform: Tensor
) -> None:
    """Take over a model file's weights; layers of another shape keep their own.

    Parameters
    ----------
    network : of the same stages, levels and input size; perhaps of other landmarks
    images, transform : training faces to take statistics from; see `DeepAlignmentNetwork.forward`

    Raises
    ------
    ValueError
        The model has other stages or layers.
    """
    if model.input_size != network.config.input_size or len(model.graphs) != len(network.stages):
        raise ValueError(
            f"expected a model of {len(network.stages)} stages on {network.config.input_size} "
            f"pixels to start from, got {len(model.graphs)} on {model.input_size}"
        )
    network.eval()
    hooks = []
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        hooks += [unfold(norm, offset) for norm, offset in copy_weights(stage, graph)]
    network(images, transform)
    for hook in hooks:
        hook.remove()
