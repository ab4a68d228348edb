package main

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger returns a logger to w and to files. A terminal gets readable lines; everything else gets JSON, the journal with
// priorities.
func newLogger(w io.Writer, level zapcore.LevelEnabler, files ...io.Writer) *zap.Logger {
	conf := zap.NewProductionEncoderConfig()
	conf.TimeKey = "time"
	conf.EncodeTime = zapcore.RFC3339TimeEncoder
	conf.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(conf)
	var cores []zapcore.Core
	for _, f := range files {
		cores = append(cores, zapcore.NewCore(encoder.Clone(), zapcore.AddSync(f), level))
	}
	switch {
	case isJournal(w):
		encoder = journalEncoder{encoder}
	case isTerminal(w):
		conf.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		conf.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(conf)
	}
	return zap.New(zapcore.NewTee(append(cores, zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))...))
}
