//! A picture's pixels: enough to tell a page from an empty one.

use std::collections::HashMap;

/// What was drawn.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) size: (u32, u32),
    /// How many pixels have each colour.
    colours: HashMap<[u8; 3], usize>,
}

impl Picture {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let letters = match frame.color_type {
            png::ColorType::Rgb => 3,
            png::ColorType::Rgba => 4,
            other => panic!("a screenshot in {other:?}"),
        };
        let mut colours = HashMap::new();
        for pixel in pixels[..frame.buffer_size()].chunks_exact(letters) {
            *colours.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
        }
        Self { size: (frame.width, frame.height), colours }
    }

    /// The colour of most pixels, and which part of all they are.
    pub(crate) fn paper(&self) -> ([u8; 3], f64) {
        let (colour, count) = self.colours.iter().max_by_key(|(_, count)| **count).unwrap();
        (*colour, *count as f64 / self.colours.values().sum::<usize>() as f64)
    }

    pub(crate) fn colours(&self) -> usize {
        self.colours.len()
    }

    pub(crate) fn has(&self, colour: [u8; 3]) -> bool {
        self.colours.contains_key(&colour)
    }
}
