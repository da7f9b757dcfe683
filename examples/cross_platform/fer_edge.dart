import 'package:flutter/services.dart';

const _channel = MethodChannel('fer_edge');

/// Emotions of the largest face in a picture's file, by label; null: no face. Throws a PlatformException with a sentence.
Future<Map<String, double>?> analyze(String path) => _channel.invokeMapMethod<String, double>('analyze', path);
