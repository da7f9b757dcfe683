package com.facebook.react.bridge;

import android.os.Bundle;
import java.util.Map;

public class Arguments {
    public static WritableNativeMap makeNativeMap(Map<String, Object> objects) {
        return new WritableNativeMap();
    }

    public static WritableNativeMap makeNativeMap(Bundle bundle) {
        return new WritableNativeMap();
    }
}
