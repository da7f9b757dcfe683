package com.example.app

import io.flutter.embedding.android.FlutterActivity
import io.flutter.embedding.engine.FlutterEngine
import io.flutter.plugin.common.MethodChannel
import java.util.concurrent.Executors

class MainActivity : FlutterActivity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val emotions by lazy { FileEmotions(applicationContext) }

    override fun configureFlutterEngine(flutterEngine: FlutterEngine) {
        super.configureFlutterEngine(flutterEngine)
        MethodChannel(flutterEngine.dartExecutor.binaryMessenger, "fer_edge").setMethodCallHandler { call, result ->
            val path = call.arguments as? String
            if (call.method != "analyze" || path == null) return@setMethodCallHandler result.notImplemented()
            worker.execute {
                val answer = runCatching { emotions.analyze(path) }
                runOnUiThread { answer.fold(result::success) { result.error("fer-edge", it.message, null) } }
            }
        }
    }
}
