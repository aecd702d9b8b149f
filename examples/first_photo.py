"""Find a face, draw its landmarks, write a picture.

python examples/first_photo.py [photo.jpg]
"""

import sys

from skimage import data, draw, io

import danpredict

image = io.imread(sys.argv[1]) if len(sys.argv) > 1 else data.astronaut()  # RGB
faces = danpredict.find_faces(image)
if not faces:
    sys.exit("no face found")
face = faces[0]
radius = 0.025 * face.rect.width()
print(f"confidence {face.confidence:.2f}")
for x, y in face.landmarks.round().astype(int):
    image[draw.disk((y, x), radius, shape=image.shape)] = 0, 255, 0
io.imsave("first_photo.png", image)
