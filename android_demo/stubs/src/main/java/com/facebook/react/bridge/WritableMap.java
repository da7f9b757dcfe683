package com.facebook.react.bridge;

public interface WritableMap {}
