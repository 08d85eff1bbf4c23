package millstream

import "unsafe"

// column is a list of byte strings as the contract has it: item i is data[offsets[i]:offsets[i+1]].
type column struct {
	offsets []uint32
	data    []byte
}

func (c column) bytes(i int) []byte {
	from, to := c.offsets[i], c.offsets[i+1]
	// The capacity ends with the item: appending to one message must not write into the next.
	return c.data[from:to:to]
}

// texts are the column's items as strings that share its bytes, which nobody writes to any more.
type texts struct {
	offsets []uint32
	data    string
}

func (c column) texts() texts {
	return texts{c.offsets, shared(c.data)}
}

func (t texts) at(i int) string { return t.data[t.offsets[i]:t.offsets[i+1]] }

// columnBuilder is a column of the answer while it grows. It has no offsets while all of its rows
// are empty, since most plugins set no topic, no header and no reason.
type columnBuilder struct {
	column
	rows int
}

// push appends a row.
func push[T string | []byte](c *columnBuilder, item T) {
	c.rows++
	if len(c.offsets) == 0 {
		if len(item) == 0 {
			return
		}
		c.offsets = appendZeros(c.offsets, c.rows)
	}
	c.data = append(c.data, item...)
	c.offsets = append(c.offsets, uint32(len(c.data)))
}

// reset keeps the room for the next answer.
func (c *columnBuilder) reset() {
	c.offsets, c.data, c.rows = c.offsets[:0], c.data[:0], 0
}

func appendZeros(numbers []uint32, n int) []uint32 {
	for range n {
		numbers = append(numbers, 0)
	}
	return numbers
}

// shared is bytes that nobody writes to any more as a string, without a copy.
func shared(bytes []byte) string { return unsafe.String(unsafe.SliceData(bytes), len(bytes)) }
