using System.Globalization;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Weights have finite values that the type that they should be stored in cannot hold.</summary>
public sealed class WeightRangeException : MogaException
{
    private WeightRangeException(string message)
        : base(message) { }

    /// <summary>Throws when values of converted tensors that were just written became infinite.</summary>
    /// <returns>What else was lost, as sentences without a full stop.</returns>
    internal static IReadOnlyList<string> Check(IReadOnlyList<TensorEntry> written)
    {
        TensorEntry[] over = [.. written.Where(tensor => tensor.Losses is { Overflows: > 0 })];
        if (over.Length > 0)
        {
            TensorEntry worst = over.MaxBy(tensor => tensor.Losses!.Largest)!;
            DType type = worst.DType;
            string advice = type == DType.Float16 ? "bfloat16 or float32" : "float32";
            throw new WeightRangeException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Text.Count(over.Length, "tensor")} cannot be stored as {Name(type)}: "
                        + $"{over.Sum(tensor => tensor.Losses!.Overflows)} finite values are beyond its range of ±{Most(type):G5} "
                )
                    + string.Create(
                        CultureInfo.InvariantCulture,
                        $"and would become infinite, the largest {worst.Losses!.Largest:G6} in '{Text.Clip(worst.Name)}'; store as {advice}"
                    )
            );
        }

        TensorEntry[] under = [.. written.Where(tensor => tensor.Losses is { Underflows: > 0 })];
        if (under.Length == 0)
            return [];
        long count = under.Sum(tensor => tensor.Losses!.Underflows);
        return
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count} values that are too small for {Name(under[0].DType)} became zero, in {Text.Count(under.Length, "tensor")} "
                    + $"(the first: {Text.Clip(under[0].Name)})"
            ),
        ];
    }

    private static string Name(DType type) => type.ToString().ToLowerInvariant();

    private static double Most(DType type) =>
        type switch
        {
            DType.Float16 => (double)Half.MaxValue,
            DType.BFloat16 => BitConverter.UInt32BitsToSingle(0x7F7F0000),
            _ => float.MaxValue,
        };

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
