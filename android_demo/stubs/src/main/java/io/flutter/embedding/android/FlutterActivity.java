package io.flutter.embedding.android;

import android.app.Activity;
import io.flutter.embedding.engine.FlutterEngine;

/** What the glue of docs/cross-platform.md calls of Flutter's class of this name; so for its neighbors. */
public class FlutterActivity extends Activity {
    public void configureFlutterEngine(FlutterEngine flutterEngine) {}
}
