"""Everything that is made from the commit: programs, wheels, images and charts, into dist/."""
