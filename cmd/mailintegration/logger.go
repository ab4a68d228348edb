package main

import (
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// lineRoom is how many lines wait for a log file or the journal; further ones are lost there.
const lineRoom = 1000

// lineTime is how long those may take that are left at the end. Tests have more time, as with each limit that is a variable.
var lineTime = 2 * time.Second

// encoderConfig returns how lines are written as JSON.
func encoderConfig() zapcore.EncoderConfig {
	conf := zap.NewProductionEncoderConfig()
	conf.TimeKey = "time"
	conf.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	conf.EncodeDuration = zapcore.StringDurationEncoder
	return conf
}

// newEncoder returns the encoder of lines in JSON.
func newEncoder() zapcore.Encoder { return zapcore.NewJSONEncoder(encoderConfig()) }

// newLogger returns a logger to w. A terminal gets readable lines; everything else gets JSON, the journal with priorities.
func newLogger(w io.Writer, level zapcore.LevelEnabler) *zap.Logger {
	encoder := newEncoder()
	switch {
	case isJournal(w):
		encoder = prefixEncoder{encoder}
	case isTerminal(w):
		conf := encoderConfig()
		conf.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		conf.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(conf)
	}
	return newLoggerOf(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))
}

// newLoggerOf returns a logger to cores.
func newLoggerOf(cores ...zapcore.Core) *zap.Logger {
	return zap.New(zapcore.NewTee(cores...), loggerOptions...)
}

// loggerOptions are further options of all loggers. Tests record with them which events are logged.
var loggerOptions []zap.Option

// openLines returns a queue of lines in JSON that write takes, and makes the log go there too.
func (in *installation) openLines(where string, write func([]byte) error) (lineQueue, zapcore.Core) {
	q := lineQueue{newQueue(queueOptions[[]byte]{
		give: write, room: lineRoom, limit: lineTime,
		failed:   func(err error) { in.events().logNotWritten(where, err) },
		regained: func(lost int64) { in.events().logLinesLost(where, lost) },
	})}
	return q, zapcore.NewCore(newEncoder(), zapcore.AddSync(q), in.level)
}

// prefixEncoder begins each line with its priority, which the journal takes off (sd-daemon(3)).
type prefixEncoder struct{ zapcore.Encoder }

// Clone implements zapcore.Encoder.
func (e prefixEncoder) Clone() zapcore.Encoder { return prefixEncoder{e.Encoder.Clone()} }

// EncodeEntry implements zapcore.Encoder.
func (e prefixEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	defer line.Free()
	prefixed := prefixedLines.Get()
	prefixed.AppendByte('<')
	prefixed.AppendInt(int64(priority(entry.Level)))
	prefixed.AppendByte('>')
	_, err = prefixed.Write(line.Bytes())
	return prefixed, err
}

// prefixedLines holds the memory of lines.
var prefixedLines = buffer.NewPool()
