"""Take the initial weights of a network from a model file.

Export folds batch normalisations into kernels. This module restores the normalisations. First it
measures the statistics of their inputs on some training faces. Then it sets gain and offset of each
normalisation so that they cancel its statistics. In evaluation mode the network gives the same
results as the model file. A network may have more residual blocks than the model: a new block
starts as the identity, so the results stay the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from danpredict.model.backbones import Norm, Residual
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.onnx_to_torch import copy_weights, read_graph


def unfold(norm: Norm, offset: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Add a hook that sets a normalisation's parameters from the statistics of its next input.

    With these parameters the normalisation only adds ``offset`` in evaluation mode. The caller
    removes the hook with the returned handle.
    """

    def hook(module: nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + offset)

    return norm.register_forward_pre_hook(hook)


@torch.no_grad()
def start_as_identity(stage: nn.Module, graph: bytes) -> list[str]:
    """Make blocks that a graph lacks the identity; their names.

    The gain of their last normalisation becomes zero, as in Goyal et al. 2017, section 5.1. Only
    blocks that do not change the shape can be new.
    """
    kernels = read_graph(graph)[0]
    new = []
    for name, block in stage.named_modules():
        if (
            isinstance(block, Residual)
            and isinstance(block.shortcut, nn.Identity)
            and f"{name}.conv1.weight" not in kernels
        ):
            block.bn2.weight.zero_()
            new.append(name)
    return new


@torch.no_grad()
def initialise_from(
    network: DeepAlignmentNetwork, model: Model, images: Tensor, transform: Tensor
) -> None:
    """Copy the weights of a model file. Layers with another shape keep their weights.

    Parameters
    ----------
    network : DeepAlignmentNetwork
        With the stages, backbone and input size of the model. The landmarks may differ, and a level
        may have more blocks.
    model : Model
    images, transform : Tensor
        Training faces on which statistics are measured; see `DeepAlignmentNetwork.forward`.

    Raises
    ------
    ValueError
        The model has other stages or layers.
    """
    if model.input_size != network.config.input_size or len(model.graphs) != len(network.stages):
        raise ValueError(
            f"expected initial weights of a model with {len(network.stages)} stages and an input "
            f"size of {network.config.input_size}, got {len(model.graphs)} stages and "
            f"{model.input_size}"
        )
    network.eval()
    hooks = []
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        new = start_as_identity(stage, graph)
        hooks += [unfold(norm, offset) for norm, offset in copy_weights(stage, graph, new)]
    network(images, transform)
    for hook in hooks:
        hook.remove()
