using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>Copies an input tensor (N, C, H, W) into the arena, channels last. Item: one row of one image.</summary>
internal sealed unsafe class InputStep(int index, Slot output) : Step
{
    public override string Description => "input to channels last";

    public override int Items => output.Layout.Images * output.Layout.Height;

    public override long Work => output.Layout.Floats;

    public override IEnumerable<Slot> Slots => [output];

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout to = output.Layout;
        (int image, int row) = Math.DivRem(item, to.Height);
        float* target = frame[output] + ((nint)item * to.Width * to.Stride);
        fixed (float* data = frame.Inputs[index].Data)
        {
            // A line of channels at a time, so that each is written once and whole.
            nint plane = (nint)to.Height * to.Width;
            for (int first = 0; first < to.Channels; first += MapLayout.ChannelMultiple)
            {
                float* source = data + ((((nint)image * to.Channels) + first) * plane) + ((nint)row * to.Width);
                int count = Math.Min(MapLayout.ChannelMultiple, to.Channels - first);
                for (int x = 0; x < to.Width; x++)
                for (int c = 0; c < count; c++)
                    target[((nint)x * to.Stride) + first + c] = source[(c * plane) + x];
            }
        }

        for (int c = to.Channels; c < to.Stride; c++)
        for (int x = 0; x < to.Width; x++)
            target[(x * to.Stride) + c] = 0;
    }
}

/// <summary>Copies a value from the arena into an output tensor (N, C, H, W) or (N, C). Item: one row of one image.</summary>
internal sealed unsafe class OutputStep(int index, Slot input) : Step
{
    public override string Description => "output to channels first";

    public override int Items => input.Layout.Images * input.Layout.Height;

    public override long Work => input.Layout.Floats;

    public override IEnumerable<Slot> Slots => [input];

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout from = input.Layout;
        (int image, int row) = Math.DivRem(item, from.Height);
        float* source = frame[input] + ((nint)item * from.Width * from.Stride);
        fixed (float* data = frame.Outputs[index].Data)
        {
            for (int c = 0; c < from.Channels; c++)
            {
                float* target = data + ((((nint)image * from.Channels) + c) * from.Height + row) * from.Width;
                for (int x = 0; x < from.Width; x++)
                    target[x] = source[(x * from.Stride) + c];
            }
        }
    }
}
