"""Find a face, draw its landmarks, write a picture.

python examples/first_photo.py [photo.jpg]
"""

import sys

from skimage import data, io

import danpredict

image = io.imread(sys.argv[1]) if len(sys.argv) > 1 else data.astronaut()  # RGB
boxes = danpredict.load_detector()(image)
if not boxes:
    sys.exit("no face found")
face = danpredict.DANShapePredictor()(image, boxes[0])
print(f"confidence {face.confidence:.2f}")
io.imsave("first_photo.png", danpredict.draw(image, face))
