"""Landmarks of photos, written as tables, JSON and pictures: ``danpredict predict``."""
