package io.flutter.embedding.engine.dart;

import io.flutter.plugin.common.BinaryMessenger;

public class DartExecutor implements BinaryMessenger {
    public BinaryMessenger getBinaryMessenger() {
        return this;
    }
}
