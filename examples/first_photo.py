"""Find a face, draw its landmarks, write a picture.

python examples/first_photo.py [photo.jpg]
"""

import sys

from skimage import data, io

import danpredict

image = io.imread(sys.argv[1]) if len(sys.argv) > 1 else data.astronaut()  # RGB
faces = danpredict.find_faces(image)
if not faces:
    sys.exit("no face found")
print(f"confidence {faces[0].confidence:.2f}")
io.imsave("first_photo.png", danpredict.draw(image, faces))
