package io.flutter.embedding.engine;

import io.flutter.embedding.engine.dart.DartExecutor;

public class FlutterEngine {
    public DartExecutor getDartExecutor() {
        throw new UnsupportedOperationException();
    }
}
