"""A made-up correlative experiment over four records, for tests that ask where places lie.

TEST in the titles: no such data exist. Light (um, z up) -> electrons (nm, mirrored), a pixel grid of the electrons, an
old version, a stage without images, an X-ray volume whose transformation has no known error, and what cannot be used.
"""

from __future__ import annotations

LIGHT = "EXAMPLE-0801"
ELECTRONS = "EXAMPLE-0802"
X_RAYS = "EXAMPLE-0803"
LINEAR = [[-1000.0, 0.0, 0.0], [0.0, 0.0, 1000.0], [0.0, -1000.0, 0.0]]
SHIFT = [9000.0, 200.0, 40000.0]


def axes(unit: str) -> str:
    """Axes z, y, x of a physical system."""
    said = ", ".join(f"{{axis_name: {name}, axis_type: space, unit_code: {unit}}}" for name in "zyx")
    return f"[{said}]"


PIXELS = "[" + ", ".join(f"{{axis_name: {name}, axis_type: array, discrete: true}}" for name in "zyx") + "]"


def affine() -> list[list[float]]:
    """Light to electrons, 3 x 4."""
    return [[*row, shift] for row, shift in zip(LINEAR, SHIFT, strict=True)]


def image(key: str, counts: tuple[int, int, int], size: float) -> str:
    """An image with so many voxels of one size in metres, z first."""
    z, y, x = counts
    voxels = ", ".join(
        f"{{title: {name}, numeric_value: {size}, unit_code: m, value_si: {size}}}" for name in "zyx"
    )
    sizes = f"size_z: {z}, size_y: {y}, size_x: {x}"
    return (
        f"{{key: {key}, title: {key}, representation: [{{format: TIFF, {sizes}, voxel_size: [{voxels}]}}]}}"
    )


LANDMARKS = [
    {
        "source": [z, y, x],
        "target": [9000.0 - 1000 * z + 3 * d, 200.0 + 1000 * x - 2 * d, 40000.0 - 1000 * y + d],
    }
    for d, (z, y, x) in zip(
        (1, -1, 1, -1, -1, 1, 2, -2),
        ((0, 0, 0), (0, 0, 8), (0, 8, 0), (0, 8, 8), (8, 0, 0), (8, 0, 8), (8, 8, 0), (8, 8, 8)),
        strict=True,
    )
]

RECORDS = f"""
accession: {LIGHT}
title: "TEST, made up: light microscopy of one cell"
issued: "2026-03-01"
image: [{image("stack", (40, 100, 100), 2.5e-07)}]
coordinate_system:
  - {{key: lm, title: Light, coordinate_system_of: [image/stack], is_intrinsic: true, has_axis: {axes("um")}}}
  - {{key: stage, title: Stage, has_axis: {axes("um")}}}
  - {{key: lost, title: No way leads here, has_axis: {axes("um")}}}
correlation:
  - key: cell
    title: Cell by light and electrons
    has_member:
      - {{member_image: {LIGHT}/image/stack, member_role: light, attributed_to: depositor}}
      - {{member_image: {ELECTRONS}/image/volume, member_role: electrons, attributed_to: depositor}}
      - {{member_accession: EMPIAR-99990, member_role: not here yet, attributed_to: depositor}}
    has_transformation: [transform/lm--em, transform/old]
    spatial_and_temporal_alignment: ["by hand, then by landmarks"]
landmark_set:
  - {{key: marks, title: Landmarks, source_coordinate_system: cs/lm, target_coordinate_system: {ELECTRONS}/cs/em,
     landmarks: {LANDMARKS}}}
transformation:
  - key: lm--em
    title: Light to electrons
    source_coordinate_system: cs/lm
    target_coordinate_system: {ELECTRONS}/cs/em
    parameters: {{type: affine, affine: {affine()}}}
    registered_by: {{registration_method: landmark, software: MadeUp}}
    has_landmarks: [landmarks/marks]
    revision_of: [transform/old]
    source_document: ["https://example.org/registration.tfm"]
    has_error: [{{error_kind: FRE, statistic: rms, numeric_value: 0.06, unit_code: um, measured_in: {ELECTRONS}/cs/em}}]
  - key: old
    title: Light to electrons, first try
    source_coordinate_system: cs/lm
    target_coordinate_system: {ELECTRONS}/cs/em
    parameters: {{type: affine, affine: {[[*row, 0.0] for row in LINEAR]}}}
    has_error: [{{error_kind: TRE, statistic: rms, numeric_value: 1, unit_code: nm, measured_in: {ELECTRONS}/cs/em}}]
  - key: lm--stage
    title: Light to stage
    source_coordinate_system: cs/lm
    target_coordinate_system: cs/stage
    parameters: {{type: translation, translation: [1, 2, 3]}}
    registered_by: {{registration_method: stage}}
    has_error: [{{error_kind: TRE, statistic: rms, numeric_value: 0.5, unit_code: um, measured_in: cs/stage}}]
---
accession: {ELECTRONS}
title: "TEST, made up: electron microscopy of the same cell"
issued: "2026-04-01"
image: [{image("volume", (1000, 2000, 2000), 1e-08)}]
coordinate_system:
  - {{key: em, title: Electrons, coordinate_system_of: [image/volume], is_intrinsic: true, has_axis: {axes("nm")}}}
  - {{key: voxels, title: Voxels, coordinate_system_of: [image/volume], is_intrinsic: true, has_axis: {PIXELS}}}
transformation:
  - key: voxels--em
    title: Voxel size
    source_coordinate_system: cs/voxels
    target_coordinate_system: cs/em
    parameters: {{type: scale, scale: [10, 10, 10]}}
---
accession: {X_RAYS}
title: "TEST, made up: X-ray microscopy of the same cell"
image: [{image("tomogram", (100, 200, 200), 1e-07)}]
coordinate_system:
  - {{key: xr, title: X-rays, coordinate_system_of: [image/tomogram], is_intrinsic: true, has_axis: {axes("nm")}}}
correlation:
  - key: em-xr
    title: X-rays and electrons
    has_member:
      - {{member_image: {X_RAYS}/image/tomogram, attributed_to: depositor}}
      - {{member_image: {ELECTRONS}/image/volume, attributed_to: depositor}}
    has_transformation: [transform/em--xr]
    correlation_grade: transform_with_error
transformation:
  - key: em--xr
    title: Electrons to X-rays
    source_coordinate_system: {ELECTRONS}/cs/em
    target_coordinate_system: cs/xr
    parameters:
      type: sequence
      transformations: [{{type: scale, scale: [1, 1, 1]}}, {{type: translation, translation: [5, 5, 5]}}]
    has_error: [{{error_kind: FRE, statistic: max, numeric_value: 30, unit_code: nm, measured_in: cs/xr}}]
"""
