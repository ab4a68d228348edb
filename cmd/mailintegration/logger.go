package main

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger logs to w: readable on a terminal, JSON otherwise. Files get JSON.
func newLogger(w io.Writer, level zapcore.Level, files ...io.Writer) *zap.Logger {
	conf := zap.NewProductionEncoderConfig()
	conf.TimeKey = "time"
	conf.EncodeTime = zapcore.RFC3339TimeEncoder
	conf.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(conf)
	var cores []zapcore.Core
	for _, f := range files {
		cores = append(cores, zapcore.NewCore(encoder.Clone(), zapcore.AddSync(f), level))
	}
	if isTerminal(w) {
		conf.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		conf.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(conf)
	}
	return zap.New(zapcore.NewTee(append(cores, zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))...))
}
