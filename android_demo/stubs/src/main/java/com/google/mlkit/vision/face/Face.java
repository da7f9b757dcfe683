package com.google.mlkit.vision.face;

import android.graphics.Rect;

/** What the adapter calls of ML Kit's class of this name. */
public class Face {
    private final Rect box;
    private final FaceLandmark[] landmarks;

    public Face(Rect box, FaceLandmark... landmarks) {
        this.box = box;
        this.landmarks = landmarks;
    }

    public Rect getBoundingBox() {
        return box;
    }

    /** Null: it was not asked for, or is not seen. */
    public FaceLandmark getLandmark(int type) {
        for (FaceLandmark landmark : landmarks) {
            if (landmark.getLandmarkType() == type) {
                return landmark;
            }
        }
        return null;
    }
}
