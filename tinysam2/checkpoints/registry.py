"""The one table of known models: names, official files, hashes, licenses, published figures.

Data only; what is stored is in `tinysam2.checkpoints.store`, what can be built in `tinysam2.build`.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that people can ask for by name.  None stands for what is not known.

    Attributes:
        name: what people type.
        title: what people read.
        family: the system it belongs to.
        license: SPDX name of its weights' license, or the use they are restricted to.
        parameters: number of weights.
        network: its key in `EXTERNAL_MODELS` of `tinysam2.checkpoints.key_maps` or, if it does not
            track, in `SAM_MODELS` of `tinysam2.checkpoints.sam`; None for the bundled network.
        address: official place of its weights; None for what comes with the program.
        byte_size: size of that file.
        sha256: hash of that file.
        git_blob: its object name in git, the SHA-1 of "blob", its size, a zero byte and itself.
        davis17_val: published J&F in percent on the validation split of DAVIS 2017.
        is_trackable: whether it tracks objects through video; without, it segments single images.
    """

    name: str
    title: str
    family: str
    license: str
    parameters: int
    network: str | None = None
    address: str | None = None
    byte_size: int | None = None
    sha256: str | None = None
    git_blob: str | None = None
    davis17_val: float | None = None
    is_trackable: bool = True

    @property
    def file_name(self) -> str | None:
        """Name of the official file."""
        return PurePosixPath(self.address).name if self.address else None


# Source: addresses of facebookresearch/sam2 (checkpoints/download_ckpts.sh); sizes and hashes of
# huggingface.co/camenduru/sam2-1-hiera (commit cdd35a4), the same files; J&F of the SAM 2.1 and
# EdgeTAM papers.
_SAM2 = "https://dl.fbaipublicfiles.com/segment_anything_2/092824"
# Source: yformer/EfficientTAM (checkpoints/download_checkpoints.sh) for the addresses, the file
# pages of huggingface.co/yunyangx/efficient-track-anything (commit b308d79) for sizes and hashes,
# the EfficientTAM paper (arXiv:2411.18933) for J&F.
_EFFICIENTTAM = "https://huggingface.co/yunyangx/efficient-track-anything/resolve/main"
_EFFICIENTTAM_KINDS = {
    "": "",
    "1": ", pooled memory /1",
    "2": ", pooled memory /2",
    "512x512": ", 512 px input",
}
"""What the suffixes of EfficientTAM's files mean; /1 and /2 differ in `KeyPooling`."""
# Source: facebookresearch/EdgeTAM (README.md; `git ls-tree` of checkpoints); size as projects that
# pin this file state it.
_EDGETAM = "https://github.com/facebookresearch/EdgeTAM/raw/main/checkpoints/edgetam.pt"
# Source: ChaoningZhang/MobileSAM (`git ls-tree` of weights); size and hash as several projects
# that fetch it from there state them (LibreYOLO among them).
_MOBILESAM = "https://github.com/ChaoningZhang/MobileSAM/raw/master/weights/mobile_sam.pt"
# Source: xinghaochen/TinySAM (README.md).  Nobody states a hash of this very file.
_TINYSAM = "https://github.com/xinghaochen/TinySAM/releases/download/1.0/tinysam.pth"


def _sam2(
    size: str, network: str, parameters: int, byte_size: int, sha256: str, davis17_val: float | None
) -> KnownModel:
    return KnownModel(
        name=f"sam2.1-hiera-{size.replace('_', '-')}",
        title=f"SAM 2.1 Hiera {size.replace('_', ' ')}",
        family="SAM 2.1",
        license="Apache-2.0",
        parameters=parameters,
        network=network,
        address=f"{_SAM2}/sam2.1_hiera_{size}.pt",
        byte_size=byte_size,
        sha256=sha256,
        davis17_val=davis17_val,
    )


def _efficienttam(
    variant: str,
    byte_size: int | None = None,
    sha256: str | None = None,
    davis17_val: float | None = None,
) -> KnownModel:
    width, _, kind = variant.partition("_")
    return KnownModel(
        name=f"efficienttam-{variant.replace('_', '-')}",
        title=f"EfficientTAM {width.capitalize()}{_EFFICIENTTAM_KINDS[kind]}",
        family="EfficientTAM",
        license="Apache-2.0",
        parameters={"ti": 17_866_018, "s": 34_055_842}[width],
        network=f"efficienttam_{variant}",
        address=f"{_EFFICIENTTAM}/efficienttam_{variant}.pt",
        byte_size=byte_size,
        sha256=sha256,
        davis17_val=davis17_val,
    )


_TABLE = (
    KnownModel("tinysam2", "TinySAM 2", "TinySAM 2", "research use", 12_256_827),
    KnownModel(
        "edgetam",
        "EdgeTAM",
        "EdgeTAM",
        "Apache-2.0",
        13_895_794,
        network="edgetam",
        address=_EDGETAM,
        byte_size=56_116_523,
        git_blob="abd54d22bbd22ba3e53cf59a307e59e0f3701be6",
        davis17_val=87.7,
    ),
    _sam2(
        "tiny",
        "sam2.1_hiera_t",
        38_962_498,
        156_008_466,
        "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
        89.1,
    ),
    _sam2(
        "small",
        "sam2.1_hiera_s",
        46_060_354,
        184_416_285,
        "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
        None,
    ),
    _sam2(
        "base_plus",
        "sam2.1_hiera_b+",
        80_850_178,
        323_606_802,
        "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
        90.2,
    ),
    _sam2(
        "large",
        "sam2.1_hiera_l",
        224_446_642,
        898_083_611,
        "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
        90.7,
    ),
    _efficienttam(
        "ti", 71_616_316, "acbb17b28cca1f860acee09c9ecb6efdb732080dc7a85a07292c31813175fa7d", 89.1
    ),
    _efficienttam("ti_1"),
    _efficienttam(
        "ti_2", sha256="d2a9ca0a736257ee9bb238d335ba7c794ad853e594cb4f679019ecc0854ee587"
    ),
    _efficienttam(
        "ti_512x512", sha256="7d4d652a465f0081391050932f45d8a66768ccc99c8ea393ce8a5927e83f3b9b"
    ),
    _efficienttam(
        "s", 136_375_868, "2b572be30d9e96ee29c8d785fe157c6b079ede7d56fbc8a3671d4120e63c89cd", 89.2
    ),
    _efficienttam(
        "s_1", 136_376_327, "4fd5d1f7ae08a7e15086623bf8b12f0b111b773b15564b43c0a5d451fc1a4267"
    ),
    _efficienttam(
        "s_2", 136_376_327, "253e490b4a3d56eedd64e4d466155ec538d1289f52abe78b091b14caefd92343"
    ),
    _efficienttam(
        "s_512x512",
        136_379_145,
        "67b5840012737ed2c94a4cb8787c5c1b27b3a946045d2e602e65ef77230b6085",
    ),
    KnownModel(
        "tinysam",
        "TinySAM",
        "TinySAM",
        "Apache-2.0",
        9_803_524,
        network="tinysam",
        address=_TINYSAM,
        is_trackable=False,
    ),
    KnownModel(
        "mobilesam",
        "MobileSAM",
        "MobileSAM",
        "Apache-2.0",
        9_803_524,
        network="mobilesam",
        address=_MOBILESAM,
        byte_size=40_728_226,
        sha256="6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        git_blob="7ef2d090979fd9853adf17b7a99c8b94a1c5a6a7",
        is_trackable=False,
    ),
)
MODELS = {model.name: model for model in _TABLE}


def list_models() -> tuple[KnownModel, ...]:
    """Return the models that `tinysam2.load_model` and `tinysam2.load_image_model` know by name."""
    return _TABLE
