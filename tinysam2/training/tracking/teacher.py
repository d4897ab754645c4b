"""Learning from a larger network: its features, its memory, its tokens and its masks."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.build import load_model
from tinysam2.inference.preprocess import input_hw_of
from tinysam2.model.decoder.predictions import Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import MASK_LOGIT, TinySam2
from tinysam2.training.engine import fingerprints
from tinysam2.training.prompts import Prompt
from tinysam2.training.teacher_losses import TeacherLoss, copying_loss, relative_error
from tinysam2.training.tracking.config import TrackingConfig
from tinysam2.training.tracking.propagation import DecoderTrace, capture_decoder, propagate


class Teacher:
    """A trained network that sees what the student sees, at the input size it was made for.

    The student's tensors reach the teacher's width through learned linear maps.  They are trained
    along and belong to the state of a run, never to the weights that it makes.

    Args:
        network: of any known kind, on the student's device; it is not trained.
        student_dim: width of the student's features.
        weights: of what is compared.
        weight_decay: of the linear maps.
    """

    def __init__(
        self,
        network: TinySam2,
        student_dim: int,
        weights: TeacherLoss | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        self._network = network.eval().requires_grad_(False)
        self._fingerprint = fingerprints.of_network(network)
        self._weights = weights or TeacherLoss()
        dim = network.config.dim
        self.maps = nn.ModuleDict(
            {
                "embedding": nn.Conv2d(student_dim, dim, 1),
                "memory": nn.Conv2d(student_dim, dim, 1),
                "tokens": nn.Linear(student_dim, dim),
            }
        ).to(network.no_memory.device)
        self._optimizer = torch.optim.AdamW(self.maps.parameters(), weight_decay=weight_decay)
        self._log: dict[str, list[Tensor]] = {}

    @torch.no_grad()
    def encode(self, images: Tensor) -> ImageFeatures:
        """Encode normalized images (B, 3, H, W)."""
        config = self._network.config
        size_hw = input_hw_of(config, config.image_size, (images.shape[-2], images.shape[-1]))
        images = F.interpolate(images, size_hw, mode="bilinear", align_corners=False)
        return self._network.encode_image(images)

    def still_loss(
        self,
        seen: ImageFeatures,
        embedding: Tensor,
        traces: DecoderTrace,
        prompt: Prompt,
        mask: Tensor,
    ) -> Tensor:
        """Compare predictions from the same clicks or box on single images.

        Mask tokens are compared in the decoder's order; of the teacher's masks, its best one.

        Args:
            seen: by the teacher.
            embedding: (B, dim, H, W) the student's.
            traces: of the student's decoder, for the prompt itself.
            prompt: clicks or boxes.
            mask: (B, H, W) bool, the truth.
        """
        parts = {"embedding": self._error("embedding", embedding, seen.s16)}
        if self._weights.tokens or self._weights.masks:
            asked = slice(1, None) if prompt.is_ambiguous else slice(0, 1)
            taught, prediction = self._predict(seen, prompt)
            tokens = traces.decoded.mask_tokens[:, asked]
            parts["tokens"] = self._error("tokens", tokens, taught.decoded.mask_tokens[:, asked])
            logits = traces.decoded.logits[:, asked]
            parts["masks"] = copying_loss(logits, prediction.best().logits, mask)
        return self._sum(parts)

    def clip_loss(
        self,
        seen: Sequence[ImageFeatures],
        embeddings: Sequence[Tensor],
        traces: Sequence[DecoderTrace],
        masks: Tensor,
    ) -> Tensor:
        """Compare the propagations through a clip, each from its own memory.

        The teacher's starts from the true mask of the first frame: what it remembers is the same
        object as the student's, however the student was prompted.

        Args:
            seen: by the teacher, frame by frame.
            embeddings: (B, dim, H, W) the student's.
            traces: of the student, on the second frame and those after it.
            masks: (B, T, H, W) bool, the truth.
        """
        each = zip(embeddings, seen, strict=True)
        errors = [self._error("embedding", own, taught.s16) for own, taught in each]
        parts = {"embedding": torch.stack(errors).mean()}
        if self._weights.memory or self._weights.masks:
            propagated, predictions = self._propagate(seen, masks[:, 0])
            outputs = zip(traces, propagated, strict=True)
            errors = [self._error("memory", h.conditioned, w.conditioned) for h, w in outputs]
            parts["memory"] = torch.stack(errors).mean()
            copied = [
                copying_loss(
                    h.decoded.logits[:, :1], prediction.best().without_absent().logits, truth
                )
                for h, prediction, truth in zip(
                    traces, predictions, masks[:, 1:].unbind(1), strict=True
                )
            ]
            parts["masks"] = torch.stack(copied).mean()
        return self._sum(parts)

    @torch.no_grad()
    def _predict(self, seen: ImageFeatures, prompt: Prompt) -> tuple[DecoderTrace, Segmentation]:
        conditioned = self._network.condition(seen, None)
        with capture_decoder(self._network) as traces:
            prediction = self._network.segment(
                conditioned, seen, prompt.xy, prompt.labels, None, prompt.is_ambiguous
            )
        return traces[0], prediction

    @torch.no_grad()
    def _propagate(
        self, seen: Sequence[ImageFeatures], mask: Tensor
    ) -> tuple[list[DecoderTrace], list[Segmentation]]:
        """Follow a mask (B, H, W) of the first frame, as the tracker does."""
        soft = F.interpolate(mask.float()[:, None], seen[0].input_hw, mode="bilinear")
        given = (soft - 0.5) * (2 * MASK_LOGIT)
        found = self._network.segment_given(seen[0], given)
        presence = (mask.flatten(1).any(1).float() - 0.5) * (2 * MASK_LOGIT)
        first = Segmentation(given, torch.ones_like(presence)[:, None], presence, found.pointer)
        with capture_decoder(self._network) as traces:
            steps = propagate(self._network, seen, first, is_in_use=True)
            predictions = [prediction for prediction, _ in steps]
        return traces, predictions

    def _error(self, part: str, student: Tensor, taught: Tensor) -> Tensor:
        """Compare the student's tensor, in the teacher's width; 0 where the part is left out."""
        if not getattr(self._weights, part):
            return taught.new_zeros((), dtype=torch.float32)
        return relative_error(self.maps[part](student), taught)

    def _sum(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Weigh and log the parts."""
        counting = {name: x for name, x in parts.items() if getattr(self._weights, name)}
        for name, value in counting.items():
            self._log.setdefault(name, []).append(value.detach())
        weighed = [getattr(self._weights, name) * value for name, value in counting.items()]
        return torch.stack(weighed).sum() if weighed else parts["embedding"]

    def learn(self, rate: float) -> None:
        """Take a step with the linear maps, after the backward pass of what was compared."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        nn.utils.clip_grad_norm_(self.maps.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def report(self) -> dict[str, float]:
        """Return the mean of each part since the last report, unweighted: ``teacher_masks``..."""
        log, self._log = self._log, {}
        return {f"teacher_{k}": round(float(torch.stack(v).mean()), 4) for k, v in log.items()}

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs of the linear maps."""
        return {
            "teacher": self._fingerprint,
            "maps": self.maps.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def resume(self, saved: Mapping[str, Any] | None) -> None:
        """Resume from a `state`; without one, or with another teacher's, the maps start anew."""
        if saved is not None and saved["teacher"] == self._fingerprint:
            self.maps.load_state_dict(saved["maps"])
            self._optimizer.load_state_dict(saved["optimizer"])


def load_teacher(config: TrackingConfig, student_dim: int) -> Teacher | None:
    """Load the teacher that a recipe names, if any.

    Raises:
        ValueError: its weights cannot be used.
    """
    if config.teacher is None:
        return None
    network = load_model(
        config.teacher, config.teacher_checkpoint, config.device, download=False
    ).network
    return Teacher(network, student_dim, config.teacher_loss, config.weight_decay)
