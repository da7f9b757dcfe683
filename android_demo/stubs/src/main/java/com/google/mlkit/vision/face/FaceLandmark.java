package com.google.mlkit.vision.face;

import android.graphics.PointF;

/** What the adapter calls of ML Kit's class of this name; the numbers are ML Kit's. */
public class FaceLandmark {
    public static final int LEFT_EYE = 4;
    public static final int RIGHT_EYE = 10;

    private final int type;
    private final PointF position;

    public FaceLandmark(int type, PointF position) {
        this.type = type;
        this.position = position;
    }

    public int getLandmarkType() {
        return type;
    }

    public PointF getPosition() {
        return position;
    }
}
