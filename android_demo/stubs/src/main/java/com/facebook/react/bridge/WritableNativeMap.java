package com.facebook.react.bridge;

public class WritableNativeMap implements WritableMap {}
