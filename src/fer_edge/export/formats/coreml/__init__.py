"""Core ML: conversion by coremltools, packages whose bytes repeat, and their constants read back."""
