"""TFLite: conversion by litert-torch, precisions by ai-edge-quantizer, metadata and uint8 ends."""
